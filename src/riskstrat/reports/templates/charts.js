"use strict";
(function () {
  const told = JSON.parse(document.getElementById("charts").textContent);
  const options = { actions: false, renderer: "svg", formatLocale: told.format };
  const drawn = Array.from(document.querySelectorAll("[data-chart]"), function (place) {
    return vegaEmbed(place, told.charts[place.dataset.chart], options).then(function (result) {
      // The place itself carries the text alternative; the marks inside it would only be noise.
      place.querySelectorAll("svg").forEach(function (svg) { svg.setAttribute("aria-hidden", "true"); });
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
