import { el, every, fill, load, money, row } from "/assets/common.js";

document.getElementById("choose").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const customer = await load("/admin/customers/" + encodeURIComponent(document.getElementById("number").value));
    location.assign("/phone/" + customer.phone);
  } catch {
    document.getElementById("wrong").textContent = "That is not a Kenyan mobile number.";
  }
});

every(2000, async () => {
  const { customers } = await load("/admin/customers");
  fill("phones", customers.map((it) => row(el("a", { href: "/phone/" + it.phone, class: "mono" }, it.phone), it.name, money(it.balance), it.pin)), "No phone has been used yet.", 4);
});
