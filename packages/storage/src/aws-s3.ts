export { awsS3Blobstore } from './aws-s3/blobstore.ts'
export type { AwsS3Options } from './aws-s3/client.ts'
