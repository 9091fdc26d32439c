// The whole way with `openid-client`: discovery, PAR, PKCE, DPoP, private_key_jwt, refresh, userinfo,
// introspection, revocation, sign-out. Every check of the library stays on.
import * as client from 'openid-client';
import { importJWK, createRemoteJWKSet, jwtVerify, decodeProtectedHeader } from 'jose';

const { ISSUER, CLIENT_ID, PRIVATE_JWK, REDIRECT_URI, COOKIE, RESOURCE } = process.env;
const assert = (truth, what) => { if (!truth) throw new Error(what); };
const jwk = JSON.parse(PRIVATE_JWK);
const key = await importJWK(jwk, 'ES256');

// A browser: keeps one cookie, follows nothing by itself, presses "enter" when asked.
async function walk(url) {
  for (let steps = 0; steps < 10; steps += 1) {
    if (url.href.startsWith(REDIRECT_URI)) return url;
    let answer = await fetch(url, { redirect: 'manual', headers: { cookie: COOKIE } });
    if (answer.status === 200) {
      answer = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie: COOKIE },
        body: new URLSearchParams({ answer: 'enter' }),
      });
    }
    assert(answer.status === 303, `expected 303, got ${answer.status} at ${url}: ${await answer.text()}`);
    url = new URL(answer.headers.get('location'), url);
  }
  throw new Error('too many redirects');
}

const config = await client.discovery(
  new URL(ISSUER), CLIENT_ID, undefined, client.PrivateKeyJwt({ key, kid: jwk.kid }),
);
const dpop = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
const code_verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const started = await client.buildAuthorizationUrlWithPAR(config, {
  redirect_uri: REDIRECT_URI,
  scope: 'openid offline_access',
  code_challenge: await client.calculatePKCECodeChallenge(code_verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
  max_age: '3600',
}, { DPoP: dpop });
assert([...started.searchParams.keys()].sort().join() === 'client_id,request_uri', 'front channel says too much');

const back = await walk(started);
const tokens = await client.authorizationCodeGrant(config, back, {
  pkceCodeVerifier: code_verifier, expectedState: state, expectedNonce: nonce, maxAge: 3600,
}, undefined, { DPoP: dpop });
const claims = tokens.claims();
assert(tokens.token_type === 'dpop', 'token_type');
assert(claims.sub && claims.sid && claims.auth_time && claims.acr, 'claims');

const jwks = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
await jwtVerify(tokens.id_token, jwks, { issuer: ISSUER, audience: CLIENT_ID, algorithms: ['ES256'] });
assert(decodeProtectedHeader(tokens.id_token).alg === 'ES256', 'alg');

const seen = await client.fetchProtectedResource(
  config, tokens.access_token, new URL(RESOURCE), 'GET', undefined, undefined, { DPoP: dpop },
);
assert(seen.status === 200 && (await seen.json()).sub === claims.sub, 'resource');
const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP: dpop });
assert(Object.keys(person).join() === 'sub', 'userinfo tells more than was agreed');

const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: dpop });
assert(refreshed.access_token !== tokens.access_token && !refreshed.refresh_token, 'refresh');
const own = await client.clientCredentialsGrant(config, { scope: 'service' }, { DPoP: dpop });
assert(own.access_token, 'client credentials');
assert((await client.tokenIntrospection(config, refreshed.access_token)).active === true, 'introspection');
await client.tokenRevocation(config, tokens.refresh_token);
assert((await client.tokenIntrospection(config, refreshed.access_token)).active === false, 'revocation');

const out = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token });
let left = await fetch(out, { redirect: 'manual', headers: { cookie: COOKIE } });
assert(left.status === 303, 'end_session_endpoint');
left = await fetch(left.headers.get('location'), { redirect: 'manual', headers: { cookie: COOKIE } });
assert(left.status === 200, 'signed out');
console.log(JSON.stringify({ sub: claims.sub, acr: claims.acr }));
