// No gateway: makes the calls that Ennead makes, in the same waves, with the client it is told (http: node:http, undici:
// undici's Pool, none: no calls), looks at nothing and answers a prepared text. What any gateway on Node pays at least.
import { readFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import { Pool } from 'undici'

const [file, client] = process.argv.slice(2)
const { port, scenarios } = JSON.parse(readFileSync(file, 'utf8'))
const plans = new Map(
  scenarios.map(({ query, answer, waves }) => [
    query,
    {
      answer: Buffer.from(answer),
      waves: waves.map(wave => wave.map(call => ({ ...call, body: Buffer.from(call.body) }))),
    },
  ]),
)

const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 64 })

function overHttp({ path, body }, authorization) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length, authorization }
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent }, response => {
      const chunks = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks)))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function overUndici({ path, body }, authorization) {
  const headers = { 'content-type': 'application/json', authorization }
  const response = await pool.request({ path, method: 'POST', headers, body })
  return Buffer.from(await response.body.arrayBuffer())
}

const send = client === 'undici' ? overUndici : overHttp

async function answerTo(authorization, body, response) {
  const { answer, waves } = plans.get(JSON.parse(body.toString()).query)
  for (const wave of client === 'none' ? [] : waves) {
    await Promise.all(wave.map(call => send(call, authorization)))
  }
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
  response.end(answer)
}

createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const chunks = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', () => void answerTo(request.headers.authorization, Buffer.concat(chunks), response))
}).listen(0, '127.0.0.1', function () {
  console.log(`ready http://127.0.0.1:${this.address().port}/graphql`)
})
