import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { whenConfigured } from '@ens/provider-servers'
import { awsS3Blobstore } from './aws-s3.ts'
import { blobstoreContract } from './testing/contract.ts'

// TEST_AWS_S3_BUCKET: an empty bucket of the account, or of the store behind AWS_ENDPOINT_URL_S3. Region and credentials
// come by the usual chain; TEST_AWS_S3_PATH_STYLE=1 for a store that wants the bucket in the path.
whenConfigured('AWS_S3', ['TEST_AWS_S3_BUCKET'], ({ TEST_AWS_S3_BUCKET: bucket }) => {
  const { AWS_ENDPOINT_URL_S3: endpoint, TEST_AWS_S3_PATH_STYLE } = process.env
  const pathStyle = TEST_AWS_S3_PATH_STYLE === '1'
  blobstoreContract('AWS_S3', async () => ({
    blobstore: awsS3Blobstore({ endpoint, pathStyle }),
    bucket,
    missingBucket: `${bucket}-that-is-not-there`,
    headersOf: async (name) => {
      const client = new S3Client({ ...(endpoint && { endpoint }), forcePathStyle: pathStyle })
      const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: name }))
      return { contentType: head.ContentType ?? '', cacheControl: head.CacheControl ?? '' }
    },
  }))
})
