import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { demoGateway } from '../support/demo-gateway.ts'
import type { DemoGateway } from '../support/demo-gateway.ts'

let gateway: DemoGateway
beforeAll(async () => {
  gateway = await demoGateway()
})
afterAll(() => gateway[Symbol.asyncDispose]())

const audits = serverAudits({ url: () => gateway.url })

test('graphql-http knows 61 audits', () => {
  expect(audits).toHaveLength(61)
})

test.each(audits)('audit $id: $name', async audit => {
  const result = await audit.fn()
  expect({ status: result.status, reason: 'reason' in result ? result.reason : undefined }).toEqual({
    status: 'ok',
    reason: undefined,
  })
})
