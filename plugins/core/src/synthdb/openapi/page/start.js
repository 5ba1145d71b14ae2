// Shows the document that the page names.
const place = document.getElementById("api");
SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  validatorUrl: null,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  requestSnippetsEnabled: true,
  presets: [SwaggerUIBundle.presets.apis],
});
