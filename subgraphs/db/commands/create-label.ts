import type { LabelRecord } from '../record.ts'
import { type Command, ask, refuse, refused } from './command.ts'
import { counterOf, labelCountGuard, labelNameGuard, raised } from './guards.ts'
import { InputCheck } from './input-check.ts'

export interface CreateLabelInput {
  readonly name: string
  readonly colour: string
}

/** Labels a workspace may have. */
export const labelsMax = 500

/** A new label; its name is unique in the workspace, in any case. */
export const createLabel: Command<CreateLabelInput, LabelRecord> = {
  name: 'createLabel',
  *decide(input, context) {
    const { viewer, at, newId } = context
    const check = new InputCheck()
    check.text('name', input.name, 1, 50)
    const colourForm = 'six hexadecimal digits after a hash sign, e.g. #1f6feb'
    check.form('colour', input.colour, /^#[0-9a-f]{6}$/i, colourForm)
    if (check.errors.length > 0) return refused(check.errors)
    const label: LabelRecord = {
      kind: 'label',
      id: newId('Label'),
      workspaceId: viewer.workspaceId,
      version: 1,
      createdAt: at,
      updatedAt: at,
      name: input.name,
      colour: input.colour.toLowerCase(),
    }
    if (!viewer.can('create', label)) return refuse('FORBIDDEN', 'you may not create labels', ['input'])
    const byName = labelNameGuard(viewer.workspaceId, input.name)
    const counter = labelCountGuard(viewer.workspaceId)
    const { records } = yield* ask([byName, counter])
    const [taken, counted] = records
    if (taken !== undefined) {
      const message = `there is a label named ${JSON.stringify(input.name)} already`
      return refuse('CONFLICT', message, ['input', 'name'])
    }
    const count = counterOf(counted)
    if (count >= labelsMax) return refuse('CONFLICT', `there are ${labelsMax} labels already`, ['input'])
    const guards = [
      raised(byName, undefined, label.id, context),
      raised(counter, counted, count + 1, context),
    ]
    return { is: 'write', puts: [label, ...guards], relies: [], event: undefined, answer: label }
  },
}
