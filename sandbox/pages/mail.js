import { el, every, fill, load, time } from "/assets/common.js";

let open = null;
let seen = null;

function show(mail) {
  open = mail.id;
  const target = document.getElementById("mail");
  target.replaceChildren(
    el("h2", { style: "margin-top:0" }, mail.subject || "(no subject)"),
    el("p", { class: "soft" }, `From ${mail.from} to ${mail.to.join(", ")}, ${time(mail.at)}`),
  );
  if (mail.html) {
    // An e-mail must not run scripts, send forms or have an origin.
    target.append(el("iframe", { sandbox: "", srcdoc: mail.html, title: "Message" }));
    target.append(el("details", {}, el("summary", {}, "Plain text"), el("pre", {}, mail.text)));
  } else {
    target.append(el("pre", {}, mail.text));
  }
  const headers = mail.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  target.append(el("details", {}, el("summary", {}, "Headers"), el("pre", { class: "mono" }, headers)));
  mark();
}

function mark() {
  for (const button of document.querySelectorAll("#mails button")) {
    if (Number(button.dataset.id) === open) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

every(2000, async () => {
  const { mails } = await load("/admin/mails");
  const now = mails.map((it) => it.id).join();
  if (now === seen) return;
  seen = now;
  fill("mails", mails.map((mail) => {
    const button = el("button", { type: "button", "data-id": mail.id }, el("b", {}, mail.subject || "(no subject)"), el("span", { class: "soft" }, `${mail.to.join(", ")} · ${time(mail.at)}`));
    button.addEventListener("click", () => show(mail));
    return button;
  }), "No e-mail yet.");
  if (open === null && mails.length) show(mails[0]);
  mark();
});
