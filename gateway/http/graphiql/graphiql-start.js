// Runs in the browser, before GraphiQL's own script: tells the editor where its workers are, and starts GraphiQL with a
// fetcher that sends the headers of the tab "Headers" with every operation, over WebSocket as connection_init payload.

const workers = {
  editorWorkerService: '/graphql/graphiql-editor-worker.js',
  json: '/graphql/graphiql-json-worker.js',
  graphql: '/graphql/graphiql-graphql-worker.js',
}
self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_module, label) => workers[label] }

// Three rows of three: the nine agents.
const dots = [3, 12, 21].flatMap(y => [3, 12, 21].map(x => `<circle cx="${x}" cy="${y}" r="2.4" />`))
const logo = `<svg viewBox="0 0 24 24" width="24" height="24" fill="currentColor">${dots.join('')}</svg>`

document.addEventListener('DOMContentLoaded', () => {
  const settings = JSON.parse(document.querySelector('#settings').textContent)
  self.YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
    title: 'Ennead',
    logo,
    query: new URL(location.href).searchParams.get('query') ?? settings.query,
    // A token must not outlive the page.
    shouldPersistHeaders: false,
    fetcher: (request, options = {}) =>
      isSubscription(options.documentAST, request.operationName)
        ? subscription(request, options.headers ?? {})
        : answerOf(request, options.headers ?? {}),
  })
})

function isSubscription(document, operationName) {
  const operations = (document?.definitions ?? []).filter(
    definition => definition.kind === 'OperationDefinition',
  )
  const chosen =
    operations.find(operation => operation.name?.value === operationName) ??
    (operations.length === 1 ? operations[0] : undefined)
  return chosen?.operation === 'subscription'
}

async function answerOf(request, headers) {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: {
      accept: 'application/graphql-response+json, application/json',
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(request),
  })
  return response.json()
}

/** An observable over one WebSocket (graphql-transport-ws). */
function subscription(request, headers) {
  return {
    subscribe(observer) {
      const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:'
      const socket = new WebSocket(`${scheme}//${location.host}/graphql`, 'graphql-transport-ws')
      let over = false
      const finish = settle => {
        if (over) return
        over = true
        settle()
        socket.close(1000)
      }
      socket.addEventListener('open', () =>
        socket.send(JSON.stringify({ type: 'connection_init', payload: { headers } })),
      )
      socket.addEventListener('message', ({ data }) => {
        const message = JSON.parse(data)
        if (message.type === 'connection_ack') {
          socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: request }))
        } else if (message.type === 'next') observer.next(message.payload)
        else if (message.type === 'error') finish(() => observer.error({ errors: message.payload }))
        else if (message.type === 'complete') finish(() => observer.complete())
      })
      socket.addEventListener('close', ({ code, reason }) =>
        finish(() =>
          observer.error({ errors: [{ message: `the connection was closed: ${code} ${reason}`.trim() }] }),
        ),
      )
      return { unsubscribe: () => finish(() => undefined) }
    },
  }
}
