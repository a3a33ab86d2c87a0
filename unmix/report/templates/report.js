"use strict";
(async () => {
  for (const place of document.querySelectorAll(".plot")) {
    const item = JSON.parse(document.getElementById(place.dataset.item).textContent);
    item.target_id = place.id;
    await Bokeh.embed.embed_item(item);
  }
  const named = (name) =>
    Bokeh.documents.map((part) => part.get_model_by_name(name)).filter((model) => model !== null);
  const show = (box) => {
    for (const name of box.dataset.shows.split(" ")) {
      for (const model of named(name)) model.visible = box.checked;
    }
  };
  for (const group of document.querySelectorAll(".toggles")) {
    group.hidden = false;
    const boxes = group.querySelectorAll("input");
    for (const box of boxes) box.addEventListener("change", () => show(box));
    for (const button of group.querySelectorAll("[data-all]")) {
      button.addEventListener("click", () => {
        for (const box of boxes) {
          box.checked = button.dataset.all === "true";
          show(box);
        }
      });
    }
  }
  // A finger scrolls the page; who wants to zoom chooses the tool.
  if (matchMedia("(pointer: coarse)").matches) for (const tool of named("zoom")) tool.active = false;

  // Bokeh asks the style sheet for colours once; when they change it must ask again.
  const recolour = () => {
    for (const model of ["x-axis", "y-axis", "x-grid", "y-grid"].flatMap(named)) {
      for (const property of model) {
        if (/_(line|text)_color$/.test(property.attr)) property.change.emit();
      }
      model.change.emit();
    }
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
  addEventListener("beforeprint", recolour);

  const large = document.getElementById("large");
  for (const button of document.querySelectorAll(".zoom")) {
    button.addEventListener("click", () => {
      const small = button.querySelector("img");
      const image = large.querySelector("img");
      image.src = small.src;
      image.alt = small.alt;
      image.className = small.className;
      large.querySelector("p").textContent = small.alt;
      large.showModal();
    });
  }
  large.addEventListener("click", (event) => {
    if (event.target === large) large.close();
  });
  document.documentElement.dataset.drawn = "true";
})();
