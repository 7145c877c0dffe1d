"use strict";
const field = document.getElementById("filter");
const count = document.getElementById("filter-count");
const questions = Array.from(document.querySelectorAll("details.question"));
const texts = questions.map((one) => one.textContent.toLowerCase());
function choose() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  questions.forEach((one, at) => {
    const fits = words.every((word) => texts[at].includes(word));
    one.hidden = !fits;
    shown += fits ? 1 : 0;
  });
  count.textContent = shown + " of " + questions.length + " questions";
}
document.getElementById("filter-form").hidden = false;
field.addEventListener("input", choose);
choose();
