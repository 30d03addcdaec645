/** What to do about each error code of composition, in one line. Complete: a test compares it with composition's list. */
export const errorAdvice: Readonly<Record<string, string>> = {
  INVALID_GRAPHQL:
    'Correct the name, or declare or import what is missing; each subgraph must be a complete schema of its own.',
  DIRECTIVE_DEFINITION_INVALID:
    'Remove your definition of this directive: an @link import brings the right one.',
  TYPE_DEFINITION_INVALID: 'Remove your definition of this type: federation brings the right one.',
  UNSUPPORTED_LINKED_FEATURE: 'Remove this @link, or link a version that is supported.',
  UNKNOWN_FEDERATION_LINK_VERSION:
    'Link a version that exists, e.g. "https://specs.apollo.dev/federation/v2.9".',
  UNKNOWN_LINK_VERSION: 'Link "https://specs.apollo.dev/link/v1.0".',
  INVALID_LINK_DIRECTIVE_USAGE:
    'Import only what this version has, with "@" before directives; a newer version may have it.',
  INVALID_LINK_IDENTIFIER:
    'Write the url as "https://specs.apollo.dev/<name>/v<major>.<minor>", and names without "__".',
  LINK_IMPORT_NAME_MISMATCH: 'Import the directive under one and the same name in all subgraphs.',

  KEY_FIELDS_HAS_ARGS: 'Choose key fields without arguments.',
  PROVIDES_FIELDS_HAS_ARGS: 'Provide only fields without arguments.',
  KEY_UNSUPPORTED_ON_INTERFACE:
    'Link federation v2.3 or later for keys on interfaces, or move @key to the implementing types.',
  PROVIDES_UNSUPPORTED_ON_INTERFACE: 'Move @provides to the fields of the implementing types.',
  REQUIRES_UNSUPPORTED_ON_INTERFACE: 'Move @requires to the fields of the implementing types.',
  KEY_INVALID_FIELDS_TYPE: 'Write the fields as one text: @key(fields: "id name").',
  PROVIDES_INVALID_FIELDS_TYPE: 'Write the fields as one text: @provides(fields: "id name").',
  REQUIRES_INVALID_FIELDS_TYPE: 'Write the fields as one text: @requires(fields: "id name").',
  KEY_INVALID_FIELDS:
    'Name fields that this subgraph declares on the type, as in a query: "id organization { id }".',
  PROVIDES_INVALID_FIELDS:
    'Declare the provided fields in this subgraph on the type returned, with @external.',
  REQUIRES_INVALID_FIELDS: 'Declare the required fields in this subgraph on the same type, with @external.',
  KEY_FIELDS_SELECT_INVALID_TYPE: 'Choose key fields that are neither lists, interfaces nor unions.',
  KEY_DIRECTIVE_IN_FIELDS_ARG: 'Remove the directives from the selection.',
  PROVIDES_DIRECTIVE_IN_FIELDS_ARG: 'Remove the directives from the selection.',
  REQUIRES_DIRECTIVE_IN_FIELDS_ARG: 'Remove the directives from the selection.',
  PROVIDES_ON_NON_OBJECT_FIELD: 'Put @provides on a field that returns an object type, or remove it.',
  PROVIDES_FIELDS_MISSING_EXTERNAL:
    'Mark the provided field @external here, or remove it from @provides: this subgraph resolves it anyway.',
  REQUIRES_FIELDS_MISSING_EXTERNAL:
    'Mark the required field @external here, or remove it from @requires: this subgraph resolves it anyway.',

  EXTERNAL_UNUSED:
    'Remove the @external field, or name it in a @key, @requires or @provides of this subgraph.',
  EXTERNAL_COLLISION_WITH_ANOTHER_DIRECTIVE:
    'Remove the other directive from the field: it is another subgraph that resolves it.',
  TYPE_WITH_ONLY_UNUSED_EXTERNAL: 'Remove the type from this subgraph, or use its fields.',
  EXTERNAL_TYPE_MISMATCH: 'Give the @external field the type it has where it is resolved.',
  EXTERNAL_ARGUMENT_MISSING:
    'Repeat the argument on the @external field as it is where the field is resolved.',
  EXTERNAL_ARGUMENT_TYPE_MISMATCH:
    'Give the argument of the @external field the type it has where the field is resolved.',
  EXTERNAL_ARGUMENT_DEFAULT_MISMATCH:
    'Give the argument of the @external field the default it has where the field is resolved.',
  EXTERNAL_ON_INTERFACE:
    'Remove @external: fields of interfaces are not resolved; mark those of the implementing types.',
  EXTERNAL_MISSING_ON_BASE:
    'Declare the field without @external in the subgraph that resolves it, or correct its name.',
  MERGED_DIRECTIVE_APPLICATION_ON_EXTERNAL: 'Move the directive to the subgraph that resolves the field.',
  EXTENSION_WITH_NO_BASE: 'Write "type" instead of "extend type" in one subgraph, or correct the name.',

  NO_QUERIES: 'Declare at least one field of Query in some subgraph.',
  ROOT_QUERY_USED: 'Rename the type, or make it the query root in the schema definition.',
  ROOT_MUTATION_USED: 'Rename the type, or make it the mutation root in the schema definition.',
  ROOT_SUBSCRIPTION_USED: 'Rename the type, or make it the subscription root in the schema definition.',
  INVALID_SUBGRAPH_NAME: 'Give the subgraph another name in the configuration.',
  TYPE_KIND_MISMATCH: 'Declare the type as the same kind in all subgraphs, or rename one.',
  FIELD_TYPE_MISMATCH: 'Give the field the same type in all subgraphs; only "!" and subtypes may differ.',
  FIELD_ARGUMENT_TYPE_MISMATCH: 'Give the argument one type in all subgraphs; only "!" may differ.',
  FIELD_ARGUMENT_DEFAULT_MISMATCH: 'Give the argument the same default in all subgraphs.',
  INPUT_FIELD_DEFAULT_MISMATCH: 'Give the input field the same default in all subgraphs.',
  REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH:
    'Add the argument where it is missing, or make it optional where it is required.',
  REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH:
    'Add the input field where it is missing, or make it optional where it is required.',
  EMPTY_MERGED_INPUT_TYPE:
    'Only fields that all subgraphs declare are kept: share at least one, or rename one of the types.',
  EMPTY_MERGED_ENUM_TYPE:
    'Only values that all subgraphs declare are kept: share at least one, or rename one of the enums.',
  ENUM_VALUE_MISMATCH: 'Declare the same values in all subgraphs: this enum is both given and returned.',
  INTERFACE_FIELD_NO_IMPLEM: 'Add the field to the implementing type, or remove it from the interface.',
  INVALID_FIELD_SHARING:
    'Mark the field @shareable in all of them, remove it from all but one, or move it with @override(from:).',
  INVALID_SHAREABLE_USAGE: 'Remove @shareable here: it belongs on fields of object types.',
  SHAREABLE_HAS_MISMATCHED_RUNTIME_TYPES:
    'Let all subgraphs return at least one common type from the shared field.',
  SATISFIABILITY_ERROR:
    'Give the subgraphs a common @key for the type, resolvable where the field is; or declare the field where it is asked for.',
  MAX_VALIDATION_SUBGRAPH_PATHS_EXCEEDED:
    'There are too many ways to resolve a field; share fewer fields and keys between subgraphs.',

  OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE:
    'Remove @override, or the other directive from the overridden field.',
  OVERRIDE_FROM_SELF_ERROR: 'Name the subgraph that resolved the field until now; this is the same one.',
  OVERRIDE_SOURCE_HAS_OVERRIDE:
    'Keep @override in the subgraph that shall resolve the field, remove the other.',
  OVERRIDE_ON_INTERFACE: 'Put @override on the fields of the implementing types.',
  OVERRIDE_LABEL_INVALID:
    'Write the label as "percent(10)", or as letters, digits and _-:./ beginning with a letter.',

  REFERENCED_INACCESSIBLE:
    'Mark what refers to it @inaccessible as well, or remove @inaccessible from the type.',
  DEFAULT_VALUE_USES_INACCESSIBLE:
    'Choose a default that clients can see, or remove @inaccessible from the value.',
  QUERY_ROOT_TYPE_INACCESSIBLE: 'Remove @inaccessible from the query type: clients need it.',
  REQUIRED_INACCESSIBLE: 'Remove @inaccessible, or make the argument or input field optional.',
  DISALLOWED_INACCESSIBLE: 'Remove @inaccessible: this must be visible.',
  IMPLEMENTED_BY_INACCESSIBLE: 'Mark the field of the interface @inaccessible as well, or remove it here.',
  ONLY_INACCESSIBLE_CHILDREN: 'Mark the whole type @inaccessible, or leave one of its parts visible.',

  INTERFACE_OBJECT_USAGE_ERROR:
    'Use @interfaceObject on a type with @key whose interface another subgraph declares with the same key.',
  INTERFACE_KEY_NOT_ON_IMPLEMENTATION:
    'Put the @key of the interface, resolvable, on every type of this subgraph that implements it.',
  INTERFACE_KEY_MISSING_IMPLEMENTATION_TYPE:
    'Declare every implementing type in the subgraph that has the @key on the interface.',

  CONTEXT_NOT_SET:
    'Set the context with @context(name:) on a type of this subgraph above the field, or correct the name.',
  CONTEXT_INVALID_SELECTION: 'Select one field for each type of the context: "$name { field }".',
  NO_CONTEXT_IN_SELECTION: 'Begin the selection with the name of the context: "$name { field }".',
  CONTEXT_NO_RESOLVABLE_KEY: 'Give the type a @key that is resolvable.',
  CONTEXT_NAME_INVALID: 'Use a name of letters and digits only, without "_".',
  CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS:
    'Take the argument from the context in all subgraphs, or make it optional elsewhere.',

  COST_APPLIED_TO_INTERFACE_FIELD: 'Move @cost to the fields of the implementing types.',
  LIST_SIZE_APPLIED_TO_NON_LIST:
    'Put @listSize on a field that returns a list, or name the list in sizedFields.',
  LIST_SIZE_INVALID_ASSUMED_SIZE: 'Assume a size of 0 or more.',
  LIST_SIZE_INVALID_SIZED_FIELD: 'Name fields of the returned type that are lists.',
  LIST_SIZE_INVALID_SLICING_ARGUMENT: 'Name arguments of this field that are of type Int.',
  AUTH_REQUIREMENTS_APPLIED_ON_INTERFACE: 'Move the requirement to the implementing types.',
  MISSING_TRANSITIVE_AUTH_REQUIREMENTS:
    'Repeat the requirements of the data on the field that depends on it.',

  DIRECTIVE_COMPOSITION_ERROR:
    'Define the directive, @link a specification for it, and name it with "@" in @composeDirective.',
  UNSUPPORTED_FEATURE: 'Composition cannot do this yet; the message says what to leave out.',
  INVALID_FEDERATION_SUPERGRAPH: 'This is not a supergraph as composition makes them; compose it anew.',
  DOWNSTREAM_SERVICE_ERROR: 'Look at the subgraph that is named; it could not be asked.',
}

/** For a schema that is not even GraphQL. */
export const syntaxAdvice =
  'Correct the syntax here, or just before: a brace, a bracket or a quote may be missing.'
