// The same way, one floor lower, with `oauth4webapi`: each response is validated by hand-called checks.
import * as oauth from 'oauth4webapi';
import { importJWK } from 'jose';

const { ISSUER, CLIENT_ID, PRIVATE_JWK, REDIRECT_URI, COOKIE, RESOURCE } = process.env;
const assert = (truth, what) => { if (!truth) throw new Error(what); };
const issuer = new URL(ISSUER);
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2' }));
const client = { client_id: CLIENT_ID };
const jwk = JSON.parse(PRIVATE_JWK);
const auth = oauth.PrivateKeyJwt({ key: await importJWK(jwk, 'ES256'), kid: jwk.kid });
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('Ed25519'));
const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();

const params = new URLSearchParams({
  client_id: CLIENT_ID,
  redirect_uri: REDIRECT_URI,
  response_type: 'code',
  scope: 'openid',
  state,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
});
const pushed = await oauth.processPushedAuthorizationResponse(
  as, client, await oauth.pushedAuthorizationRequest(as, client, auth, params, { DPoP }),
);
let url = new URL(as.authorization_endpoint);
url.searchParams.set('client_id', CLIENT_ID);
url.searchParams.set('request_uri', pushed.request_uri);
while (!url.href.startsWith(REDIRECT_URI)) {
  let answer = await fetch(url, { redirect: 'manual', headers: { cookie: COOKIE } });
  if (answer.status === 200) {
    answer = await fetch(url, {
      method: 'POST', redirect: 'manual', headers: { cookie: COOKIE },
      body: new URLSearchParams({ answer: 'enter' }),
    });
  }
  assert(answer.status === 303, `expected 303, got ${answer.status}`);
  url = new URL(answer.headers.get('location'), url);
}
const answered = oauth.validateAuthResponse(as, client, url, state);
const response = await oauth.authorizationCodeGrantRequest(
  as, client, auth, answered, REDIRECT_URI, verifier, { DPoP },
);
const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, { requireIdToken: true });
await oauth.validateApplicationLevelSignature(as, response);
const seen = await oauth.protectedResourceRequest(tokens.access_token, 'GET', new URL(RESOURCE), undefined, undefined, { DPoP });
assert(seen.status === 200, 'resource');
console.log(JSON.stringify({ sub: oauth.getValidatedIdTokenClaims(tokens).sub }));
