'use strict'

const countries = []
for (let number = 0; number < 200; number++) countries.push({ code: `C${number}`, vat: number % 25, name: `country ${number}` })

module.exports = { currency: 'EUR', countries }
