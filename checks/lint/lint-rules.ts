import { Kind } from 'graphql'
import type { ConstDirectiveNode, FieldDefinitionNode, TypeNode } from 'graphql'
import type { Declared } from './declared.ts'

/** What a rule has to say of one declaration. */
export interface LintFault {
  readonly message: string
  readonly advice: string
}

export const lintRuleNames = [
  'naming',
  'descriptions',
  'deprecation-reasons',
  'cursor-pages',
  'unbounded-lists',
] as const
export type LintRuleName = (typeof lintRuleNames)[number]

/** Each rule looks at one declaration at a time. */
export const lintRules: Readonly<Record<LintRuleName, (declared: Declared) => LintFault | undefined>> = {
  naming({ what, name }) {
    const [style, pattern] =
      what === 'type'
        ? ['PascalCase', /^[A-Z][A-Za-z0-9]*$/]
        : what === 'enum value'
          ? ['UPPER_SNAKE_CASE', /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/]
          : ['camelCase', /^[a-z][A-Za-z0-9]*$/]
    if (pattern.test(name)) return undefined
    return {
      message: `${what} "${name}" is not in ${style}`,
      advice: `rename it to ${style} before clients use it`,
    }
  },
  descriptions({ what, name, described }) {
    if (described || (what !== 'type' && what !== 'field')) return undefined
    const advice = 'write one sentence above it, in quotes: what it is, and what a client may rely on'
    return { message: `${what} "${name}" has no description`, advice }
  },
  'deprecation-reasons'({ what, name, directives }) {
    const deprecated = directives.find(directive => directive.name.value === 'deprecated')
    if (deprecated === undefined || reasonOf(deprecated).trim() !== '') return undefined
    const message = `${what} "${name}" is deprecated without a reason`
    return { message, advice: 'say what to use instead: @deprecated(reason: "Use …")' }
  },
  'cursor-pages'({ field }) {
    if (field === undefined || !nameOf(field.type).endsWith('Connection')) return undefined
    const given = new Set(field.arguments?.map(argument => argument.name.value))
    if ((given.has('first') && given.has('after')) || (given.has('last') && given.has('before')))
      return undefined
    const message = `field "${field.name.value}" answers a connection but cannot be paged`
    return {
      message,
      advice: 'give it the arguments (first: Int, after: String), or (last: Int, before: String)',
    }
  },
  'unbounded-lists'({ field, directives }) {
    if (field === undefined || !isList(field.type)) return undefined
    if (directives.some(directive => directive.name.value.endsWith('listSize'))) return undefined
    const bounded = field.arguments?.some(argument =>
      /^(?:first|last|limit|take|size)$/.test(argument.name.value),
    )
    if (bounded === true) return undefined
    const message = `field "${field.name.value}" answers a list of any length`
    return { message, advice: 'take (first: Int!), or say how long it gets: @listSize(assumedSize: 50)' }
  },
}

function reasonOf(deprecated: ConstDirectiveNode): string {
  const reason = deprecated.arguments?.find(argument => argument.name.value === 'reason')?.value
  return reason?.kind === Kind.STRING ? reason.value : ''
}

function isList(type: FieldDefinitionNode['type']): boolean {
  return type.kind === Kind.NON_NULL_TYPE ? isList(type.type) : type.kind === Kind.LIST_TYPE
}

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type)
}
