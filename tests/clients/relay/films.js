// What an application of Relay would say of films: pages forwards and backwards, and edges that mutations add and drop.
import { graphql } from "react-relay";

graphql`
  query filmsQuery($count: Int!, $cursor: String, $year: bigint!) {
    ...films_list @arguments(count: $count, cursor: $cursor, year: $year)
    people(limit: 1) {
      ...films_person
    }
  }
`;

graphql`
  fragment films_list on query_root
  @refetchable(queryName: "filmsPaginationQuery")
  @argumentDefinitions(count: { type: "Int!" }, cursor: { type: "String" }, year: { type: "bigint!" }) {
    films_connection(first: $count, after: $cursor, where: { year: { _gt: $year } }, order_by: [{ year: asc }])
      @connection(key: "films_list_films_connection") {
      edges {
        node {
          id
          title
          people {
            name
          }
        }
      }
    }
  }
`;

graphql`
  fragment films_person on people
  @refetchable(queryName: "filmsPersonQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 1 }, cursor: { type: "String" }) {
    name
    films_connection(last: $count, before: $cursor) @connection(key: "films_person_films_connection") {
      edges {
        node {
          title
        }
      }
    }
  }
`;

graphql`
  mutation filmsAddMutation($film: films_insert_input!, $connections: [ID!]!) {
    insert_films_one(object: $film) @appendNode(connections: $connections, edgeTypeName: "films_edge") {
      title
    }
  }
`;

graphql`
  mutation filmsDropMutation($id: bigint!, $connections: [ID!]!) {
    delete_films_by_pk(id: $id) {
      nodeId @deleteEdge(connections: $connections)
    }
  }
`;
