import type { ResolverPlace } from '../../service/degradation-notes.ts'
import { type UserError, refusalOf } from '../../service/user-error.ts'
import { type AddCommentInput, addComment } from '../commands/add-comment.ts'
import { type TaskDependencyInput, addTaskDependency } from '../commands/add-task-dependency.ts'
import type { Command } from '../commands/command.ts'
import { completeTask } from '../commands/complete-task.ts'
import { type CreateLabelInput, createLabel } from '../commands/create-label.ts'
import { type CreateProjectInput, createProject } from '../commands/create-project.ts'
import { type CreateTaskInput, createTask } from '../commands/create-task.ts'
import { deleteTask } from '../commands/delete-task.ts'
import { removeTaskDependency } from '../commands/remove-task-dependency.ts'
import { restoreTask } from '../commands/restore-task.ts'
import type { TaskLifeInput } from '../commands/task-life-input.ts'
import { type UpdateProjectInput, updateProject } from '../commands/update-project.ts'
import { type UpdateTaskInput, updateTask } from '../commands/update-task.ts'
import type { CommandResult } from '../run-command.ts'
import type { VisibleRecord } from '../viewer.ts'
import type { DbContext } from './context.ts'

interface Keyed {
  readonly idempotencyKey?: string | null
}

/** Arguments of the mutations that take an input object. */
interface WithInput<I> extends Keyed {
  readonly input: I & { readonly clientMutationId?: string | null }
}

type Payload = Readonly<Record<string, unknown>> & { readonly errors: readonly UserError[] }

export const mutationResolvers = {
  createProject: byInput<CreateProjectInput, 'project'>('project', createProject),
  updateProject: byInput<UpdateProjectInput, 'project'>('project', updateProject),
  createLabel: byInput<CreateLabelInput, 'label'>('label', createLabel),
  createTask: byInput<CreateTaskInput, 'task'>('task', createTask),
  updateTask: byInput<UpdateTaskInput, 'task'>('task', updateTask),
  addComment: byInput<AddCommentInput, 'comment'>('comment', addComment),
  completeTask: byArguments<TaskLifeInput>(completeTask),
  restoreTask: byArguments<TaskLifeInput>(restoreTask),
  addTaskDependency: byArguments<TaskDependencyInput>(addTaskDependency),
  removeTaskDependency: byArguments<TaskDependencyInput>(removeTaskDependency),
  deleteTask: async (
    _: unknown,
    args: TaskLifeInput & Keyed,
    context: DbContext,
    place: ResolverPlace,
  ): Promise<Payload> => {
    const { idempotencyKey, ...input } = args
    const { record, errors, replayed } = await run(deleteTask, input, idempotencyKey, context, place)
    const deletedId = errors.length === 0 ? args.id : null
    return { deletedId, task: record, errors, replayed }
  },
}

type RecordOfKind<K extends VisibleRecord['kind']> = Extract<VisibleRecord, { kind: K }>

/** A mutation with an input object; the record stands under `field` in its payload. */
function byInput<I extends object, K extends VisibleRecord['kind']>(
  field: K,
  command: Command<I, RecordOfKind<K>>,
) {
  return async (
    _: unknown,
    { input, idempotencyKey }: WithInput<I>,
    context: DbContext,
    place: ResolverPlace,
  ): Promise<Payload> => {
    const { record, errors, replayed } = await run(command, input, idempotencyKey, context, place)
    return { [field]: record, errors, replayed, clientMutationId: input.clientMutationId }
  }
}

/** A mutation of a task whose arguments are its input. */
function byArguments<I extends object>(command: Command<I, RecordOfKind<'task'>>) {
  return async (_: unknown, args: I & Keyed, context: DbContext, place: ResolverPlace): Promise<Payload> => {
    const { idempotencyKey, ...rest } = args
    // What is left of the arguments without the key is the input.
    const input = rest as unknown as I
    const { record, errors, replayed } = await run(command, input, idempotencyKey, context, place)
    return { task: record, errors, replayed }
  }
}

async function run<I extends object, R extends VisibleRecord>(
  command: Command<I, R>,
  input: I,
  idempotencyKey: string | null | undefined,
  { domain, hop, log, reader, ready }: DbContext,
  place: ResolverPlace,
): Promise<CommandResult<R>> {
  const records = reader(place)
  try {
    await ready()
    const result = await domain.commands.run(command, {
      input,
      viewer: records.viewer,
      idempotencyKey: idempotencyKey ?? undefined,
      signal: hop.signal,
      remainingMs: hop.remainingMs,
    })
    if (result.record !== undefined) records.forget(result.record)
    return result
  } catch (failure) {
    // One mutation of several must not take the answers of the others with it when nothing happened.
    const refusal = refusalOf(failure)
    if (refusal === undefined) throw failure
    log.warn('db.command.refused', { command: command.name, requestId: hop.requestId, error: failure })
    return { record: undefined, errors: [refusal], replayed: false }
  }
}
