export { awsKmsKeyManager } from './aws-kms/key-manager.ts'
