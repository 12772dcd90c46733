export const texts = new Map([['welcome', 'Welcome']])

for (let number = 0; number < 100; number++) texts.set(`article-${number}`, { title: `Article ${number}`, text: `This is article ${number}` })
