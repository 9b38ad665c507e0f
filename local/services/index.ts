/** The services of the local cloud. Adding one: its folder, and its line here. */
import type { Cloud } from '../cloud.ts'
import type { Service } from '../gateway/service.ts'
import { createLambda } from './lambda/index.ts'

export type CreateService = (cloud: Cloud) => Service | Promise<Service>

/** In the order in which they are made; they reach each other through the door only. */
export const services: CreateService[] = [createLambda]
