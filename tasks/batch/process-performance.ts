/** Processes performance: conversion, quarantine, order by loan and month, partitions by quarter and reporting year. */
import { runScript } from './hive/run-script.ts'

export const handler = runScript({ name: 'ProcessPerformance', variable: 'PROCESS_PERFORMANCE_SCRIPT' })
