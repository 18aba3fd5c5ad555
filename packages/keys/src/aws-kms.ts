export { awsKmsKeyManager, openAwsKms } from './aws-kms/key-manager.ts'
