// Preloaded into every gateway that is measured: tells the measuring process what this one has used.

/** What a gateway process has used so far. */
export interface Usage {
  /** CPU microseconds, user and system, all threads. */
  readonly cpuUs: number
  readonly rssBytes: number
}

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuUs: user + system, rssBytes: process.memoryUsage.rss() } satisfies Usage)
})
// A gateway must not outlive who measures it, nor be kept alive by that channel.
process.on('disconnect', () => process.exit())
process.channel?.unref()
