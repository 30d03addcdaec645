import { WebSocket } from 'ws'

/** A graphql-transport-ws client that shows every frame, and hands its own out as they are. */
export class RawSocket implements AsyncDisposable {
  readonly messages: Record<string, unknown>[] = []
  readonly #socket: WebSocket
  readonly #watchers = new Set<() => void>()
  closed: { readonly code: number } | undefined

  constructor(url: string, headers: Readonly<Record<string, string>>, protocol = 'graphql-transport-ws') {
    this.#socket = new WebSocket(url, protocol, { headers })
    this.#socket.on('message', data => {
      // Node's sockets give buffers unless asked otherwise, and the server only sends JSON objects in them.
      this.messages.push(JSON.parse((data as Buffer).toString()) as Record<string, unknown>)
      this.#tell()
    })
    this.#socket.on('error', () => this.#tell())
    this.#socket.on('close', code => {
      this.closed = { code }
      this.#tell()
    })
  }

  /** Resolves when the connection is made, with 101, or refused, with the status. */
  opened(): Promise<number> {
    return new Promise(resolve => {
      this.#socket.once('open', () => resolve(101))
      this.#socket.once('unexpected-response', (_request, response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
    })
  }

  send(message: Readonly<Record<string, unknown>>): void {
    this.#socket.send(JSON.stringify(message))
  }

  sendText(text: string): void {
    this.#socket.send(text)
  }

  /** The first message of this type, and id when one is given. Waits at most five seconds. */
  message(type: string, id?: string): Promise<Record<string, unknown>> {
    return this.#until(
      () => this.messages.find(one => one['type'] === type && (id === undefined || one['id'] === id)),
      `no ${type} came`,
    )
  }

  closeCode(): Promise<number> {
    return this.#until(() => this.closed?.code, 'the socket stayed open')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate()
    await this.closeCode()
  }

  #until<T>(look: () => T | undefined, otherwise: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = look()
        if (found === undefined) return
        end()
        resolve(found)
      }
      const end = (): void => {
        clearTimeout(timer)
        this.#watchers.delete(check)
      }
      const timer = setTimeout(() => {
        end()
        reject(new Error(`${otherwise}; got ${JSON.stringify(this.messages)}`))
      }, 5_000)
      this.#watchers.add(check)
      check()
    })
  }

  #tell(): void {
    for (const check of this.#watchers) check()
  }
}
