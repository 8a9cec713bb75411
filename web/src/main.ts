import './style/fonts.css'
import './style/tokens.css'
import './style/page.css'
import { mount } from 'svelte'
import App from './App.svelte'
import { begin as beginPreferences } from './state/preferences.svelte'
import { speak } from './words/words.svelte'

const target = document.getElementById('console')
if (target === null) throw new Error('index.html holds the place of the console')
await speak(beginPreferences().language)
mount(App, { target })
