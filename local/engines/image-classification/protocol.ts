/** What the cloud's process and the algorithm's processes tell each other. */

export interface TrainingRequest {
  hyperparameters: Record<string, string>
  /** Channel name → its folder. */
  channels: Record<string, { folder: string; contentType: string | undefined }>
  /** Where `model.tar.gz` and checkpoints are written. */
  output: string
  /** Shared by all jobs: the converted network and the cache of features. */
  cache: string
  threads: number
}

export interface Metric {
  name: 'train:accuracy' | 'validation:accuracy' | 'train:loss' | 'validation:loss' | 'validation:topk_accuracy'
  value: number
  epoch: number
}

export type TrainingEvent =
  | { is: 'log'; line: string }
  | { is: 'metric'; metric: Metric }
  | { is: 'checkpoint'; file: string }
  | { is: 'trained'; file: string }
  | { is: 'stopped'; file: string | undefined }
  | { is: 'failed'; reason: string }

export interface ServingRequest {
  model: string
  /** Where the network is unpacked. */
  folder: string
  threads: number
  /** 3: the mean over the picture, its mirror image and its centre; slower and a little better. */
  views: 1 | 3
}

export type ServingEvent = { is: 'ready' } | { is: 'failed'; reason: string } | Answer

export interface Question {
  id: number
  body: Uint8Array
}

export type Answer =
  | { is: 'answer'; id: number; probabilities: number[] }
  | { is: 'refusal'; id: number; status: number; message: string }
