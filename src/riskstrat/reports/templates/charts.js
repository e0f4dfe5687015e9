"use strict";
(function () {
  const told = JSON.parse(document.getElementById("charts").textContent);
  const options = { actions: false, renderer: "svg", formatLocale: told.format };
  // Vega gives the element that it draws in a role and a label of its own. That element is hidden from screen readers:
  // the image around it holds the sentence.
  const drawn = Array.from(document.querySelectorAll("[data-chart]"), function (element) {
    return vegaEmbed(element, told.charts[element.dataset.chart], options).then(function (result) {
      return result.view;
    });
  });
  Promise.all(drawn).then(function (views) {
    document.documentElement.dataset.charts = "drawn";
    window.addEventListener("beforeprint", function () {
      document.querySelectorAll("details.folded").forEach(function (fold) { fold.open = true; });
      views.forEach(function (view) { view.resize().run(); });
    });
  });
})();
