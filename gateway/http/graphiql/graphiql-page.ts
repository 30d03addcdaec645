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

const welcome = `# Ctrl-Enter runs the operation under the cursor; Ctrl-Space completes.
#
# To sign in, run SignIn with your email and password, then put the accessToken into
# the tab "Headers" below, for queries and subscriptions alike:
#
#   { "Authorization": "Bearer <accessToken>" }

query WhoAmI {
  __typename
}

# mutation SignIn {
#   signIn(input: { email: "…", password: "…" }) { accessToken expiresAt errors { message } }
# }
`

/** The HTML of GraphiQL; `query` is the text of the first tab. */
export function graphiqlPage(query: string = welcome): string {
  // A data block: "<" is escaped so that no text can end it.
  const settings = JSON.stringify({ query }).replaceAll('<', '\\u003c')
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
    <script src="/graphql/graphiql-start.js"></script>
    <script src="/graphql/graphiql.js"></script>
  </body>
</html>
`
}
