export { awsS3Blobstore } from './aws-s3/blobstore.ts'
