/** What to do about each hint of composition, in one line. Complete: a test compares it with composition's list. */
export const hintAdvice: Readonly<Record<string, string>> = {
  FROM_SUBGRAPH_DOES_NOT_EXIST:
    'Name the subgraph as the configuration does, or remove @override once the field has moved.',
  OVERRIDDEN_FIELD_CAN_BE_REMOVED: 'Remove the field here: the other subgraph resolves it.',
  OVERRIDE_DIRECTIVE_CAN_BE_REMOVED: 'Remove @override: the field has moved.',
  OVERRIDE_MIGRATION_IN_PROGRESS:
    'When the migration is done, remove the field from the first subgraph, then @override.',
  INCONSISTENT_BUT_COMPATIBLE_FIELD_TYPE:
    'Clients see the weaker type; give the field the same type everywhere if that is not meant.',
  INCONSISTENT_BUT_COMPATIBLE_ARGUMENT_TYPE:
    'Clients see the stricter type; give the argument the same type everywhere if that is not meant.',
  INCONSISTENT_DEFAULT_VALUE_PRESENCE: 'Clients see no default; repeat it in all subgraphs, or remove it.',
  INCONSISTENT_ENTITY: 'Add a @key where the type has none, if it is the same entity.',
  INCONSISTENT_OBJECT_VALUE_TYPE_FIELD:
    'Add the field to all subgraphs that declare this type, or give the type a @key.',
  INCONSISTENT_INTERFACE_VALUE_TYPE_FIELD: 'Add the field to the interface in all subgraphs that declare it.',
  INCONSISTENT_INPUT_OBJECT_FIELD:
    'Clients do not see this field; add it to all subgraphs that declare the input type.',
  INCONSISTENT_UNION_MEMBER: 'Add the member to the union in all subgraphs that can return it.',
  INCONSISTENT_ENUM_VALUE_FOR_INPUT_ENUM:
    'Clients do not see this value; add it to all subgraphs that take the enum.',
  INCONSISTENT_ENUM_VALUE_FOR_OUTPUT_ENUM: 'Add the value to all subgraphs that return the enum.',
  INCONSISTENT_TYPE_SYSTEM_DIRECTIVE_REPEATABLE:
    'Define the directive as repeatable in all subgraphs, or in none.',
  INCONSISTENT_TYPE_SYSTEM_DIRECTIVE_LOCATIONS:
    'Define the directive on the same locations in all subgraphs.',
  INCONSISTENT_EXECUTABLE_DIRECTIVE_PRESENCE: 'Clients cannot use the directive; define it in all subgraphs.',
  NO_EXECUTABLE_DIRECTIVE_INTERSECTION:
    'Clients cannot use the directive; define it on a common location in all subgraphs.',
  INCONSISTENT_EXECUTABLE_DIRECTIVE_REPEATABLE:
    'Clients cannot repeat the directive; define it as repeatable in all subgraphs.',
  INCONSISTENT_EXECUTABLE_DIRECTIVE_LOCATIONS:
    'Clients get the common locations only; define the same in all subgraphs.',
  INCONSISTENT_DESCRIPTION:
    'Clients see one of the descriptions; make them equal, or describe it in one subgraph only.',
  INCONSISTENT_ARGUMENT_PRESENCE:
    'Clients do not see this argument; add it to all subgraphs that resolve the field.',
  INCONSISTENT_NON_REPEATABLE_DIRECTIVE_ARGUMENTS:
    'Only one of the applications is kept; give the directive the same arguments everywhere.',
  MERGED_NON_REPEATABLE_DIRECTIVE_ARGUMENTS: 'The arguments were merged; check that the result is meant.',
  INCONSISTENT_RUNTIME_TYPES_FOR_SHAREABLE_RETURN:
    'Let all subgraphs return the same types from the shared field.',
  UNUSED_ENUM_TYPE: 'Remove the enum, or use it.',
  DIRECTIVE_COMPOSITION_INFO: 'Check whether the directive should be part of the supergraph.',
  DIRECTIVE_COMPOSITION_WARN: 'Name the directive the same in all subgraphs.',
  IMPLICITLY_UPGRADED_FEDERATION_VERSION: 'Link the higher version of federation in this subgraph.',
  CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS:
    'Clients do not see this argument; take it from the context in all subgraphs.',
}
