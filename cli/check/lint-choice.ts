import { lintRuleNames } from '../../checks/lint/lint-rules.ts'
import type { LintRuleName } from '../../checks/lint/lint-rules.ts'
import type { Severity } from '../../composition/diagnostic.ts'
import type { Setting } from '../../kernel/settings.ts'

const severities: readonly Severity[] = ['error', 'warning', 'notice']

/** Rules separated by commas, each alone (an error) or as `RULE=warning`. */
export function lintChoice(help: string): Setting<ReadonlyMap<LintRuleName, Severity>> {
  return {
    help,
    allowed: `any of ${lintRuleNames.join(', ')}, each alone or with =${severities.join('|')}, separated by commas`,
    fallback: new Map(),
    parse: parseRules,
    isSwitch: false,
    secret: false,
  }
}

function parseRules(text: string): ReadonlyMap<LintRuleName, Severity> | undefined {
  const rules = new Map<LintRuleName, Severity>()
  for (const part of text.split(',').map(each => each.trim())) {
    if (part === '') continue
    const [word, level = 'error', ...rest] = part.split('=')
    const rule = lintRuleNames.find(name => name === word)
    const severity = severities.find(name => name === level)
    if (rule === undefined || severity === undefined || rest.length > 0) return undefined
    rules.set(rule, severity)
  }
  return rules
}
