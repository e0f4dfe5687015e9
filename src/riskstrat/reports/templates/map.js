"use strict";
document.querySelectorAll(".part:has(> .pointed) :is(.chart a, .chart [data-href])").forEach(function (area) {
  const pointed = area.closest(".part").querySelector(".pointed"), leads = area.dataset.href;
  function tell() { pointed.textContent = area.dataset.told || area.getAttribute("aria-label"); }
  area.addEventListener("pointerenter", tell);
  // A shape that listens for the focus takes it: of shapes that are no links it listens for clicks alone.
  if (leads) area.addEventListener("click", function () { location.hash = leads; });
  else area.addEventListener("focus", tell);
});
