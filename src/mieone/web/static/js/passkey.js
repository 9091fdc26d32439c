// Passkeys: the form asks its own address for options, the browser answers, the form posts the answer.
// <form data-passkey="create|get" data-options="/…"> with a hidden field `credential`.

const octets = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

async function askOptions(form) {
  const answer = await fetch(form.dataset.options, {
    method: "POST",
    headers: { "x-csrftoken": form.elements._csrf_token.value, accept: "application/json" },
  });
  if (!answer.ok) throw new Error(String(answer.status));
  const options = await answer.json();
  options.challenge = octets(options.challenge);
  if (options.user) options.user.id = octets(options.user.id);
  for (const known of [...(options.excludeCredentials ?? []), ...(options.allowCredentials ?? [])]) {
    known.id = octets(known.id);
  }
  return options;
}

function shown(credential) {
  const response = {};
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  for (const part of parts) {
    if (credential.response[part]) response[part] = text(credential.response[part]);
  }
  const { id, type } = credential;
  return JSON.stringify({ id, rawId: text(credential.rawId), type, response });
}

function send(form, credential) {
  form.elements.credential.value = shown(credential);
  form.submit();
}

const reveal = (form, name) => {
  const part = form.querySelector(`[data-passkey-${name}]`);
  if (part) part.hidden = false;
};

let waiting = null;

// The browser offers passkeys in the field by itself, until the button is pressed instead.
async function offer(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  reveal(form, "autofill");
  waiting = new AbortController();
  try {
    const publicKey = await askOptions(form);
    const credential = await navigator.credentials.get({
      publicKey,
      mediation: "conditional",
      signal: waiting.signal,
    });
    if (credential) send(form, credential);
  } catch {
    // Not chosen here: the button and the card are still there.
  }
}

async function press(form, event) {
  if (form.elements.credential.value) return;
  event.preventDefault();
  waiting?.abort();
  form.querySelector("[data-passkey-refused]").hidden = true;
  try {
    const publicKey = await askOptions(form);
    send(form, await navigator.credentials[form.dataset.passkey]({ publicKey }));
  } catch {
    reveal(form, "refused");
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) {
    reveal(form, "unavailable");
    form.querySelector("button[type=submit]").disabled = true;
    continue;
  }
  form.addEventListener("submit", (event) => press(form, event));
  if (form.dataset.passkey === "get") offer(form);
}
