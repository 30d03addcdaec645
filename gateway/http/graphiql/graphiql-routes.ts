import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { Readable } from 'node:stream'
import type { Log } from '../../../kernel/log.ts'
import { wireText } from '../../admission/answer-text.ts'
import { reply } from '../reply.ts'
import { loadAssets } from './graphiql-assets.ts'
import type { Asset } from './graphiql-assets.ts'
import { graphiqlPage, graphiqlPolicy } from './graphiql-page.ts'
import type { GraphiQLSettings } from './graphiql-page.ts'

export interface GraphiQLRoutes {
  page(response: ServerResponse): void
  /** Answers a file of GraphiQL; false when there is none at this path. Rejects when the files cannot be read. */
  asset(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean>
}

/** GraphiQL from our own package, without any other host. Its files are read when a browser first asks for one. */
export function graphiql(settings: GraphiQLSettings, log: Log): GraphiQLRoutes {
  const html = graphiqlPage(settings)
  let loading: Promise<ReadonlyMap<string, Asset>> | undefined
  const assets = (): Promise<ReadonlyMap<string, Asset>> => {
    loading ??= loadAssets().catch((failure: unknown) => {
      // The next request tries again.
      loading = undefined
      throw failure
    })
    return loading
  }
  return {
    page(response) {
      // The browser asks for the files next.
      assets().catch((failure: unknown) => log.error('graphiql.unreadable', { failure }))
      reply(response, 200, 'text/html', wireText(html), {
        'cache-control': 'no-store',
        'content-security-policy': graphiqlPolicy,
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
      })
    },
    async asset(path, request, response) {
      const asset = (await assets()).get(path)
      if (asset === undefined) return false
      await sendAsset(asset, request, response)
      return true
    },
  }
}

async function sendAsset(asset: Asset, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = {
    'content-type': `${asset.type}; charset=utf-8`,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache',
    etag: asset.etag,
    vary: 'accept-encoding',
  }
  if (request.headers['if-none-match'] === asset.etag) {
    response.writeHead(304, headers).end()
    return
  }
  if (/\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '')) {
    const length = String(asset.gzip.length)
    response.writeHead(200, { ...headers, 'content-encoding': 'gzip', 'content-length': length })
    response.end(request.method === 'HEAD' ? undefined : asset.gzip)
    return
  }
  response.writeHead(200, headers)
  if (request.method === 'HEAD') response.end()
  else await pipeline(Readable.from([asset.gzip]), createGunzip(), response)
}
