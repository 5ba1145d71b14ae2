// Shows the schema that the page names, and sends what is typed to it.
const place = document.getElementById("graphiql");
const given = new URLSearchParams(location.search);

const fetcher = async (asked, options) => {
  const answer = await fetch(place.dataset.address, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/graphql-response+json, application/json;q=0.9",
      ...options?.headers,
    },
    body: JSON.stringify(asked),
  });
  return answer.json();
};

ReactDOM.createRoot(place).render(
  React.createElement(GraphiQL, {
    fetcher,
    query: given.get("query") ?? undefined,
    variables: given.get("variables") ?? undefined,
    visiblePlugin: "Documentation Explorer",
    defaultQuery: "# Ctrl-Space completes what you type, Ctrl-Enter runs it.\n\nquery {\n  __typename\n}\n",
  }),
);
