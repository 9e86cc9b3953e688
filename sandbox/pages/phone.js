import { el, every, fill, load, money, send, time } from "/assets/common.js";

const POLL_MS = 500;
const NOTE_MS = 4000;
const get = (id) => document.getElementById(id);
const msisdn = decodeURIComponent(location.pathname.split("/").pop());
const outcomes = {
  0: "Paid.", 1: "You do not have enough money in your account.", 4: "You have reached your daily limit.",
  1032: "Request cancelled.", 2001: "You have entered the wrong PIN.",
};
let shown = null;
let inboxSeen = "";

function note(text) {
  get("note").textContent = text;
  get("note").hidden = false;
  setTimeout(() => { get("note").hidden = true; }, NOTE_MS);
}

function show(prompt) {
  if ((prompt?.checkout_id ?? null) === (shown?.checkout_id ?? null)) return;
  shown = prompt ?? null;
  get("shade").hidden = !shown;
  get("pin").value = "";
  if (!shown) return;
  get("prompt-text").textContent = `Do you want to pay ${money(shown.amount, true)} to ${shown.organisation} account ${shown.reference}?`;
  get("pin").focus();
}

async function answer(body) {
  if (!shown) return;
  const checkout_id = shown.checkout_id;
  get("approve").disabled = get("cancel").disabled = true;
  try {
    const ended = await send(`/admin/phones/${msisdn}/answer`, { ...body, checkout_id });
    note(outcomes[ended.result_code] ?? "The payment was not completed.");
  } catch (error) {
    note(error.status === 404 ? "The request has expired." : "No connection.");
  } finally {
    get("approve").disabled = get("cancel").disabled = false;
  }
  await refresh();
}

async function refresh() {
  const [customer, { prompts }, { sms }] = await Promise.all([
    load("/admin/customers/" + msisdn), load("/admin/prompts?phone=" + msisdn), load("/admin/sms?to=" + msisdn),
  ]);
  get("clock").textContent = time(Date.now(), true);
  get("owner").textContent = customer.name;
  get("balance").textContent = money(customer.balance);
  show(prompts[0]);
  // Rebuilt only after a change, so that a screen reader does not repeat it.
  const seen = sms.map((it) => it.id).join();
  if (seen === inboxSeen && get("inbox").childElementCount) return;
  inboxSeen = seen;
  fill("inbox", sms.map((it) => el("div", { class: "sms" }, el("b", {}, it.from, el("span", {}, time(it.at, true))), el("p", {}, it.text))), "No messages yet.");
}

get("prompt").addEventListener("submit", (event) => {
  event.preventDefault();
  const pin = get("pin").value;
  if (/^\d{4}$/.test(pin)) answer({ pin });
  else note("Enter your 4-digit PIN.");
});
get("cancel").addEventListener("click", () => answer({ cancel: true }));
get("msisdn").textContent = "+" + msisdn;
document.title = `+${msisdn} - M-Pesa sandbox`;
every(POLL_MS, refresh);
