export { awsS3Blobstore, openAwsS3 } from './aws-s3/blobstore.ts'
