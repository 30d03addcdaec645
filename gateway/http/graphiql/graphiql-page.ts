/**
 * What the page may load and call: our own host and nothing else. Styles are inline because the editor writes them at
 * run time; `data:` is the editor's icons and fonts.
 */
export const graphiqlPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const keys = '# Ctrl-Enter runs the operation under the cursor; Ctrl-Space completes.'

/** The first tab's text for a graph that Ennead's own auth domain guards. */
export const signInText = `${keys}
#
# To sign in, run SignIn with your email and password, then put the accessToken into the
# tab "Headers" below. It is sent with queries and subscriptions alike:
#
#   { "Authorization": "Bearer <accessToken>" }

query WhoAmI {
  viewer {
    role
    actor {
      displayName
    }
  }
}

mutation SignIn($email: String!, $password: String!) {
  signIn(input: { email: $email, password: $password }) {
    accessToken
    expiresAt
    errors {
      message
    }
  }
}
`

/** The first tab's text for any other graph. */
export const plainText = `${keys}
#
# The tab "Headers" below is sent with queries and subscriptions alike, e.g.
#
#   { "Authorization": "Bearer …" }

query {
  __typename
}
`

const problemsScript = '\n    <script type="module" src="/graphql/graphiql-problems.js"></script>'

/** What the page is told. */
export interface GraphiQLSettings {
  /** The text of the first tab. */
  readonly query: string
  /** Does the page ask for problems of the schemas, and show them? */
  readonly problems: boolean
}

/** The HTML of GraphiQL. */
export function graphiqlPage(given: GraphiQLSettings): string {
  // A data block: "<" is escaped so that no text can end it.
  const settings = JSON.stringify(given).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Ennead</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/graphql/graphiql.css" />
    <style>html, body, #root { height: 100%; margin: 0 }</style>
  </head>
  <body class="no-focus-outline">
    <noscript>GraphiQL needs JavaScript.</noscript>
    <div id="root"></div>
    <script type="application/json" id="settings">${settings}</script>
    <script src="/graphql/graphiql-start.js"></script>${given.problems ? problemsScript : ''}
    <script src="/graphql/graphiql.js"></script>
  </body>
</html>
`
}
