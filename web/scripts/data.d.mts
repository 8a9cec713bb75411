import type { Plugin } from 'vite'
export function data(): Plugin
