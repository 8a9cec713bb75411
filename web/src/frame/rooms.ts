/** The rooms of the console in the order in which they are offered; each is loaded when somebody goes there. */
import type { Component } from 'svelte'
import type { IconName } from '../parts/icons'

export interface Room {
  name: string
  icon: IconName
  load: () => Promise<{ default: Component }>
}

export const ROOMS: readonly Room[] = [
  { name: 'watch', icon: 'watch', load: () => import('../rooms/watch/WatchRoom.svelte') },
  { name: 'channel', icon: 'channel', load: () => import('../rooms/channel/ChannelRoom.svelte') },
  { name: 'thread', icon: 'thread', load: () => import('../rooms/thread/ThreadRoom.svelte') },
  { name: 'handover', icon: 'handover', load: () => import('../rooms/handover/HandoverRoom.svelte') },
  { name: 'record', icon: 'record', load: () => import('../rooms/record/RecordRoom.svelte') },
  { name: 'settings', icon: 'settings', load: () => import('../rooms/settings/SettingsRoom.svelte') },
]
