import type { Change, ChangeKind } from '../changes/change.ts'

/** What to do instead of a change that hurts, in one line. Undefined: there is nothing to do about it. */
export function adviseChange({ kind, coordinate }: Change): string | undefined {
  const advice = advices[kind]
  return advice?.replaceAll('%', coordinate)
}

const keep =
  'keep %, mark it @deprecated(reason: "…") and remove it when no recorded operation is hurt any more'
const optional = 'let % be nullable or give it a default, so that it may be left out'
const returnBack = 'offer the new meaning under a new name, and mark % @deprecated(reason: "…")'
const tellClients = 'make sure that clients have a branch for what they do not know, then release'

/** `%` stands for the coordinate. */
const advices: Readonly<Partial<Record<ChangeKind, string>>> = {
  TYPE_REMOVED:
    'keep %, mark the fields of this type @deprecated(reason: "…"), and remove it when no operation is hurt',
  TYPE_KIND_CHANGED: 'add the new type under another name, and new fields of that type',
  FIELD_REMOVED: keep,
  FIELD_TYPE_CHANGED: returnBack,
  ARGUMENT_REMOVED: keep,
  REQUIRED_ARGUMENT_ADDED: optional,
  ARGUMENT_TYPE_CHANGED: 'keep the type of % and add another argument for the new one',
  ARGUMENT_DEFAULT_CHANGED: 'keep the default of %, or have clients pass the value they mean',
  INPUT_FIELD_REMOVED: keep,
  REQUIRED_INPUT_FIELD_ADDED: optional,
  INPUT_FIELD_TYPE_CHANGED: 'keep the type of % and add another field for the new one',
  INPUT_FIELD_DEFAULT_CHANGED: 'keep the default of %, or have clients pass the value they mean',
  ENUM_VALUE_REMOVED: keep,
  ENUM_VALUE_ADDED: tellClients,
  UNION_MEMBER_ADDED: tellClients,
  UNION_MEMBER_REMOVED: 'leave the member in the union until no operation has a fragment on it',
  IMPLEMENTATION_ADDED: tellClients,
  IMPLEMENTATION_REMOVED:
    'keep the interface on the type until no operation has a fragment on the one inside the other',
  ONE_OF_ADDED: 'add a new input object with @oneOf, and a new argument that takes it',
  SPECIFICATION_CHANGED: 'add a new scalar for the new format, and new fields of that type',
  ROOT_TYPE_REMOVED:
    'keep its fields, mark them @deprecated(reason: "…"), and remove them when no operation is hurt',
  ROOT_TYPE_CHANGED: 'keep the name of the root type',
  DIRECTIVE_REMOVED: 'keep % until no operation carries it',
  DIRECTIVE_LOCATION_REMOVED: 'keep the location until no operation carries the directive there',
  DIRECTIVE_REPEATABLE_REMOVED: 'keep % repeatable until no operation carries it twice',
}
