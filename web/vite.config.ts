import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { data } from './scripts/data.mjs'

// What a node serves: one page, and files whose names change with their content.
export default defineConfig({
  base: '/',
  plugins: [svelte(), data()],
  build: {
    outDir: process.env['KEEPCLEAR_CONSOLE_OUT'] || '../src/keepclear/_console',
    emptyOutDir: true,
    target: 'es2022',
    // A font or a picture as a data: address would need a wider content policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
  },
  // `npm run dev` asks a node that runs on this machine.
  server: { proxy: { '/v1': process.env['KEEPCLEAR_DEV_NODE'] ?? 'http://127.0.0.1:7117' } },
})
