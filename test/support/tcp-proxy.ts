import { createServer, connect, type AddressInfo, type Socket } from 'node:net'

/** What the wire does to both directions of every connection. */
export type WireFault =
  | { readonly is: 'none' }
  /** Every chunk arrives `ms` later. */
  | { readonly is: 'delay'; readonly ms: number }
  /** Bytes are taken and never arrive; connections stay open. */
  | { readonly is: 'stall' }

/** A TCP proxy in this process, so that tests can do to connections what networks do. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** From now on, for open and new connections alike. */
  suffer(fault: WireFault): void
  /** Ends all connections in order (FIN). */
  cut(): void
  /** Breaks all connections (RST). */
  reset(): void
  readonly connections: number
}

/** Listens on a free port of the loopback and passes everything on to `port` of `host`. */
export async function openTcpProxy(host: string, port: number): Promise<TcpProxy> {
  let fault: WireFault = { is: 'none' }
  const sockets = new Set<Socket>()
  const pass = (from: Socket, to: Socket): void => {
    sockets.add(from)
    from.on('error', () => to.destroy())
    from.on('close', () => {
      sockets.delete(from)
      to.destroySoon()
    })
    from.on('data', chunk => {
      if (fault.is === 'stall') return
      if (fault.is === 'none') to.write(chunk)
      else setTimeout(() => to.writable && to.write(chunk), fault.ms)
    })
    from.on('end', () => to.end())
  }
  const server = createServer({ allowHalfOpen: true }, client => {
    const target = connect({ host, port, allowHalfOpen: true })
    pass(client, target)
    pass(target, client)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    // It listens on TCP, so its address is an object.
    port: (server.address() as AddressInfo).port,
    suffer(next) {
      fault = next
    },
    cut() {
      for (const socket of sockets) socket.end()
    },
    reset() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    get connections() {
      return sockets.size / 2
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}
