/** What clients ask in one scenario. */
export interface Scenario {
  readonly name: string
  readonly query: string
  /** Every request with an Authorization header of its own: what is measured is not how well answers are shared. */
  readonly unique: boolean
}

const fragments = `
fragment User on User { id username name }
fragment Review on Review { id body }
fragment Product on Product { inStock name price shippingEstimate upc weight }`

const deep = `${fragments}
query Deep {
  users {
    ...User
    reviews { ...Review product { ...Product reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } } } }
  }
  topProducts(first: 9) {
    ...Product
    reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } }
  }
}`

const small = `query Small { topProducts(first: 9) { upc name price weight description reviews { id body } } }`

const list = `query List { catalogue(first: 7400) { upc name price weight description } }`

export const scenarios: readonly Scenario[] = [
  { name: 'deep', query: deep, unique: true },
  { name: 'small', query: small, unique: true },
  { name: 'list', query: list, unique: true },
  { name: 'identical', query: deep, unique: false },
]
