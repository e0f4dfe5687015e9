"use strict";
(function () {
  const data = JSON.parse(document.getElementById("budget-data").textContent);
  const slider = document.getElementById("budget");
  const shapes = new Map();
  document.querySelectorAll("#chart-map-chosen path > title").forEach(function (title) {
    const known = shapes.get(title.textContent) || [];
    shapes.set(title.textContent, [...known, title.parentNode]);
  });
  function show() {
    const chosen = data.budgets[Number(slider.value)];
    slider.setAttribute("aria-valuetext", chosen.written);
    document.getElementById("budget-written").textContent = chosen.written;
    document.getElementById("budget-told").textContent = chosen.sentence;
    document.querySelectorAll("#slider dd").forEach(function (cell, n) { cell.textContent = chosen.cells[n]; });
    data.areas.forEach(function (area, n) {
      (shapes.get(area) || []).forEach(function (shape) { shape.setAttribute("fill", data.colours[chosen.offered[n]]); });
    });
    if (shapes.size) {
      document.getElementById("title-map-chosen").textContent = chosen.title;
      document.getElementById("chart-map-chosen").setAttribute("aria-label", chosen.title + ". " + chosen.sentence);
    }
  }
  document.getElementById("slider-control").hidden = false;
  slider.addEventListener("input", show);
})();
