import { el, every, fill, load, row, time } from "/assets/common.js";

every(2000, async () => {
  const { sms } = await load("/admin/sms");
  fill("sms", sms.map((it) => row(time(it.at), it.from, el("a", { href: "/phone/" + it.to, class: "mono" }, it.to), it.text)), "No SMS yet.", 4);
});
