// Preloaded into every gateway that is measured: tells the measuring process what this one has used.

/** What a gateway process has used so far. */
export interface Usage {
  /** CPU microseconds, user and system, all threads. */
  readonly cpuUs: number
  readonly rssBytes: number
}

// A worker of a gateway's own has its channel to the gateway, not to whoever measures.
if (process.env['NODE_UNIQUE_ID'] === undefined) tellUsage()

function tellUsage(): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpuUs: user + system, rssBytes: process.memoryUsage.rss() } satisfies Usage)
  })
  // A gateway must not outlive who measures it, nor be kept alive by that channel.
  process.on('disconnect', () => process.exit())
  process.channel?.unref()
}
