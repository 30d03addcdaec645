import { createMongoAbility } from '@casl/ability'
import { packRules, rulesToAST } from '@casl/ability/extra'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matches } from '../../../subgraphs/db/evaluate.ts'
import type { LabelRecord, ProjectRecord } from '../../../subgraphs/db/record.ts'
import { ruleCondition } from '../../../subgraphs/db/rule-condition.ts'
import { Viewer } from '../../../subgraphs/db/viewer.ts'
import { principalOf } from './fixture.ts'

const here = 'workspace_here'
const someone = fc.constantFrom('ann', 'bob', 'cem')

const rule = fc.record({
  action: fc.constantFrom('read', 'update', 'manage'),
  subject: fc.constantFrom('Project', 'Task', 'all'),
  inverted: fc.boolean(),
  conditions: fc.option(
    fc.oneof(
      fc.record({ workspaceId: fc.constantFrom(here, 'workspace_there') }),
      fc.record({ workspaceId: fc.constant(here), creatorId: someone }),
      fc.array(someone, { maxLength: 2 }).map($in => ({ creatorId: { $in } })),
    ),
    { nil: undefined },
  ),
})

function projectOf(creatorId: string, workspaceId = here): ProjectRecord {
  return {
    kind: 'project',
    id: `project_${creatorId}`,
    workspaceId,
    version: 1,
    createdAt: '',
    updatedAt: '',
    key: 'ENN',
    name: 'x',
    archived: false,
    creatorId,
  }
}

test('lists show exactly the records that may be read one by one, whatever the rules are', () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 6 }), someone, (rules, creatorId) => {
      const viewer = new Viewer({ ...principalOf(here), rules: packRules(rules) })
      const project = projectOf(creatorId)
      expect(matches(project, viewer.readable('project'))).toBe(viewer.can('read', project))
    }),
    { numRuns: 500 },
  )
})

test('without rules nothing is readable, and of another workspace nothing ever is', () => {
  const nobody = new Viewer({ ...principalOf(here), rules: [] })
  expect(matches(projectOf('ann'), nobody.readable('project'))).toBe(false)
  const everything = packRules([{ action: 'manage', subject: 'all' }])
  const viewer = new Viewer({ ...principalOf(here), rules: everything })
  expect(viewer.can('read', projectOf('ann'))).toBe(true)
  expect(viewer.can('read', projectOf('ann', 'workspace_there'))).toBe(false)
  const label: LabelRecord = { ...projectOf('ann'), kind: 'label', name: 'x', colour: '#000000' }
  expect(viewer.can('read', label)).toBe(true)
})

test.each([
  [{ creatorId: { $ne: 'ann' } }],
  [{ creatorId: { $regex: '^a' } }],
  [{ creatorId: { $exists: true } }],
  [{ passwordHash: 'x' }],
])('a rule that lists do not understand refuses instead of showing everything: %j', conditions => {
  const ability = createMongoAbility([{ action: 'read', subject: 'Project', conditions }])
  expect(() => ruleCondition(rulesToAST(ability, 'read', 'Project'))).toThrow(/permission rule/)
})
