import { systemClock } from '../clock.ts'
import type { Clock, Timer } from '../clock.ts'
import type { Log } from '../log.ts'
import { certificateHealth } from './certificate-health.ts'
import type { CertificateHealth } from './certificate-health.ts'
import { readTlsMaterial } from './tls-material.ts'
import type { TlsFiles, TlsMaterial } from './tls-material.ts'

export interface FollowTlsOptions {
  readonly log: Log
  /** How often the files are looked at. Milliseconds. Default 1,000. */
  readonly everyMs?: number
  /** Default: the system's. */
  readonly clock?: Clock
}

/** Between two warnings of one certificate that runs out. Milliseconds. */
const warnEveryMs = 3_600_000

/** The certificates and the key of one process, read again whenever their files change. */
export class FollowedTls {
  readonly #files: TlsFiles
  readonly #log: Log
  readonly #everyMs: number
  readonly #clock: Clock
  readonly #listeners = new Set<(material: TlsMaterial) => void>()
  #current: TlsMaterial
  #problem: { readonly text: string; readonly seen: number } | undefined
  #warnedAt: number | undefined
  #timer: Timer | undefined
  #closed = false

  /** Rejects with BAD_OPTION when the files cannot be used. */
  static async open(files: TlsFiles, options: FollowTlsOptions): Promise<FollowedTls> {
    return new FollowedTls(files, await readTlsMaterial(files), options)
  }

  private constructor(files: TlsFiles, material: TlsMaterial, options: FollowTlsOptions) {
    const { log, everyMs = 1_000, clock = systemClock } = options
    this.#files = files
    this.#log = log
    this.#everyMs = everyMs
    this.#clock = clock
    this.#current = material
    this.#warn()
    if (Object.values(files).some(file => file !== undefined)) this.#wait()
  }

  get current(): TlsMaterial {
    return this.#current
  }

  /** Undefined: this process shows no certificate. */
  health(): CertificateHealth | undefined {
    const { own } = this.#current
    return own && certificateHealth(own, this.#clock.wall())
  }

  /** `listener` is told what to use from now on, after each change. Answers how to stop. */
  onChange(listener: (material: TlsMaterial) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#listeners.clear()
  }

  #wait(): void {
    this.#timer = this.#clock.after(this.#everyMs, () => {
      void this.#look().then(() => {
        if (!this.#closed) this.#wait()
      })
    })
  }

  async #look(): Promise<void> {
    try {
      const material = await readTlsMaterial(this.#files)
      this.#problem = undefined
      if (!this.#closed && !isSame(material, this.#current)) this.#use(material)
    } catch (failure) {
      const problem = failure instanceof Error ? failure.message : String(failure)
      // A certificate and its key are two files: between the two writes they do not belong together. Seen twice, it stays.
      const seen = this.#problem?.text === problem ? this.#problem.seen + 1 : 1
      this.#problem = { text: problem, seen }
      if (seen === 2) this.#log.error('tls.certificate-unusable', { problem })
    }
    this.#warn()
  }

  #use(material: TlsMaterial): void {
    this.#current = material
    this.#warnedAt = undefined
    for (const listener of this.#listeners) listener(material)
    this.#log.info('tls.certificate-changed', { certificate: this.health() })
  }

  #warn(): void {
    const health = this.health()
    if (health === undefined || health.state === 'valid') return
    const now = this.#clock.now()
    if (this.#warnedAt !== undefined && now - this.#warnedAt < warnEveryMs) return
    this.#warnedAt = now
    this.#log.warn(health.state === 'expired' ? 'tls.certificate-expired' : 'tls.certificate-expiring', {
      certificate: health,
      remedy: 'ennead certs renew',
    })
  }
}

function isSame(left: TlsMaterial, right: TlsMaterial): boolean {
  return (
    left.ca === right.ca &&
    left.own?.certificate === right.own?.certificate &&
    left.own?.key === right.own?.key
  )
}
