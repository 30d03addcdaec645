import { connect } from 'node:net'

/** Writes bytes to a port and answers everything that comes back until the server closes. */
export function rawExchange(port: number, parts: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      for (const part of parts) socket.write(part)
    })
    let text = ''
    socket.on('data', chunk => (text += chunk.toString('latin1')))
    socket.on('close', () => resolve(text))
    socket.on('error', failure => {
      if (text === '') reject(failure)
    })
  })
}
