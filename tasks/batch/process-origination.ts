/** Processes origination: conversion, quarantine, partitions by origination year and quarter, text for MySQL. */
import { runScript } from './hive/run-script.ts'

export const handler = runScript({ name: 'ProcessOrigination', variable: 'PROCESS_ORIGINATION_SCRIPT' })
