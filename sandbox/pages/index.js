import { el, every, fill, load, money, row, time } from "/assets/common.js";

const SHOWN = 30;
let last = 0;
let recent = [];

async function refresh() {
  const organisation = await load("/admin/organisation");
  document.getElementById("organisation").textContent = `${organisation.name} ${organisation.short_code}`;
  document.getElementById("float").textContent = money(organisation.float);
  for (let page; !page || page.length; ) {
    page = (await load("/admin/events?after=" + last)).events;
    if (page.length) last = page.at(-1).id;
    recent = [...page.reverse(), ...recent].slice(0, SHOWN);
  }
  fill("events", recent.map((it) => row(time(it.at), it.kind, el("span", { class: "mono" }, it.reference), outcome(it.detail))), "No requests yet.", 4);
}

function outcome(detail) {
  return String(detail.outcome ?? detail.error ?? detail.result_code ?? detail.status ?? "");
}

const { numbers } = await load("/admin/faults");
fill("faults", numbers.map((it) => row(el("a", { href: "/phone/" + it.number, class: "mono" }, it.number), el("code", {}, it.fault), it.meaning)), "", 3);
every(2000, refresh);
